//! The engine without Python: each ticket answers once, no wake is lost, nothing is left behind.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use engine::http::Client;
use engine::runtime::{Outcome, Queue, Token};
use http::Method;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::http::request;
use crate::server::Server;

/// Waits with poll(2) until the queue says that there is something, and takes it; empty after ten seconds.
fn take(queue: &Queue) -> Vec<(Token, Outcome)> {
    let limit = Timespec {
        tv_sec: 10,
        tv_nsec: 0,
    };
    let descriptor = queue.descriptor();
    let mut ask = [PollFd::new(&descriptor, PollFlags::IN)];
    if poll(&mut ask, Some(&limit)).unwrap() == 0 {
        return Vec::new();
    }
    queue.drain()
}

fn until(queue: &Queue, wanted: usize) -> Vec<(Token, Outcome)> {
    let mut all = Vec::new();
    while all.len() < wanted {
        let batch = take(queue);
        if batch.is_empty() && queue.in_flight() == wanted - all.len() {
            // A wake-up for outcomes already taken is allowed; ten seconds of nothing are not.
            let late = Instant::now();
            let again = take(queue);
            assert!(
                !again.is_empty() || late.elapsed() < Duration::from_secs(9),
                "a wake was lost"
            );
            all.extend(again);
            continue;
        }
        all.extend(batch);
    }
    all
}

#[test]
fn every_token_is_answered_exactly_once_under_load() {
    let server = Server::start();
    let (queue, client) = (Queue::new().unwrap(), Client::new(50, None));
    let mut started = Vec::new();
    let mut answered = Vec::new();
    while answered.len() < 5000 {
        while started.len() < 5000 && started.len() - answered.len() < 50 {
            let asked = request(Method::GET, &server.url("/x"));
            started.push(queue.submit(client.clone(), asked).unwrap());
        }
        for (token, outcome) in until(&queue, 1) {
            let Outcome::Finished(finished) = outcome else {
                panic!("lost {token}");
            };
            assert!(finished.exchange.error.is_none());
            answered.push(token);
        }
    }
    answered.sort_unstable();
    assert_eq!(answered, started);
    assert_eq!(queue.in_flight(), 0);
    assert_eq!(server.requests().len(), 5000);
}

#[test]
fn many_queues_share_the_thread_without_losing_a_wake() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let (queue, client) = (Queue::new().unwrap(), Client::new(5, None));
                for _ in 0..300 {
                    let asked = request(Method::GET, &server.url("/x"));
                    queue.submit(client.clone(), asked).unwrap();
                    assert_eq!(until(&queue, 1).len(), 1);
                }
            });
        }
    });
    assert_eq!(server.requests().len(), 1200);
}

#[test]
fn cancelling_closes_the_connection_and_delivers_nothing() {
    let server = Server::start();
    let (queue, client) = (Queue::new().unwrap(), Client::new(10, None));
    let held = queue
        .submit(client.clone(), request(Method::GET, &server.url("/hold")))
        .unwrap();
    server.wait(|seen| seen.requests.lock().unwrap().len() == 1);
    queue.cancel(held);
    queue.cancel(held); // twice is as good as once
    assert_eq!(queue.in_flight(), 0);
    server.wait(|seen| seen.open.load(Ordering::SeqCst) == 0);
    let next = queue
        .submit(client, request(Method::GET, &server.url("/x")))
        .unwrap();
    let tokens: Vec<Token> = until(&queue, 1)
        .into_iter()
        .map(|(token, _)| token)
        .collect();
    assert_eq!(tokens, [next]);
}

#[test]
fn dropping_the_queue_ends_what_is_in_flight() {
    let server = Server::start();
    let (queue, client) = (Queue::new().unwrap(), Client::new(10, None));
    for _ in 0..20 {
        queue
            .submit(client.clone(), request(Method::GET, &server.url("/hold")))
            .unwrap();
    }
    server.wait(|seen| seen.requests.lock().unwrap().len() == 20);
    drop(queue);
    server.wait(|seen| seen.open.load(Ordering::SeqCst) == 0);
}

#[test]
fn an_answer_before_anybody_looks_is_kept() {
    let server = Server::start();
    let (queue, client) = (Queue::new().unwrap(), Client::new(10, None));
    for _ in 0..10 {
        queue
            .submit(client.clone(), request(Method::GET, &server.url("/hold")))
            .unwrap();
    }
    server.wait(|seen| seen.requests.lock().unwrap().len() == 10);
    server.release();
    assert_eq!(until(&queue, 10).len(), 10);
}

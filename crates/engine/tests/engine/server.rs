//! A small real HTTP server on port 0, on threads of its own, that counts what it sees.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// What the server has seen.
#[derive(Default)]
pub struct Seen {
    pub connections: AtomicUsize,
    pub open: AtomicUsize,
    pub requests: Mutex<Vec<String>>,
    released: AtomicBool,
    changed: Condvar,
    lock: Mutex<()>,
}

pub struct Server {
    pub port: u16,
    pub seen: Arc<Seen>,
}

impl Server {
    /// Starts it. Paths: `/hold` waits for `release`, `/close` answers and closes unannounced, `/silent`
    /// closes without an answer, `/cut` ends in the middle of the body, `/size/<n>` has n bytes of body,
    /// `/trickle` sends its body byte by byte; all else is "ok".
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&shared);
                seen.connections.fetch_add(1, Ordering::SeqCst);
                seen.open.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let _ = serve(stream, &seen);
                    seen.open.fetch_sub(1, Ordering::SeqCst);
                    seen.changed.notify_all();
                });
            }
        });
        Self { port, seen }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn release(&self) {
        self.seen.released.store(true, Ordering::SeqCst);
        self.seen.changed.notify_all();
    }

    pub fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// Waits until `reached` holds of what was seen; fails after ten seconds.
    pub fn wait(&self, reached: impl Fn(&Seen) -> bool) {
        let end = Instant::now() + Duration::from_secs(10);
        let mut guard = self.seen.lock.lock().unwrap();
        while !reached(&self.seen) {
            assert!(Instant::now() < end, "the server never saw it");
            guard = self
                .seen
                .changed
                .wait_timeout(guard, Duration::from_millis(5))
                .unwrap()
                .0;
        }
    }
}

fn serve(mut stream: TcpStream, seen: &Seen) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece)?;
            if read == 0 {
                return Ok(());
            }
            buffer.extend_from_slice(&piece[..read]);
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let length: usize = head
            .lines()
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse().ok())?
            })
            .unwrap_or(0);
        while buffer.len() < end + length {
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece)?;
            if read == 0 {
                return Ok(());
            }
            buffer.extend_from_slice(&piece[..read]);
        }
        buffer.drain(..end + length);
        let line = head.lines().next().unwrap_or("").to_owned();
        let path = line.split(' ').nth(1).unwrap_or("").to_owned();
        seen.requests.lock().unwrap().push(line);
        seen.changed.notify_all();
        match path.as_str() {
            "/hold" => {
                stream.set_read_timeout(Some(Duration::from_millis(2)))?;
                while !seen.released.load(Ordering::SeqCst) {
                    let mut byte = [0];
                    if matches!(stream.peek(&mut byte), Ok(0)) {
                        return Ok(());
                    }
                }
                stream.set_read_timeout(None)?;
            }
            "/silent" => return Ok(()),
            "/cut" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")?;
                return Ok(());
            }
            "/trickle" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")?;
                for _ in 0..50 {
                    stream.write_all(b"x")?;
                }
                continue;
            }
            _ => {}
        }
        let body = match path.strip_prefix("/size/") {
            Some(size) => vec![b'x'; size.parse().unwrap()],
            None => b"ok".to_vec(),
        };
        let mut answer =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend_from_slice(&body);
        stream.write_all(&answer)?;
        if path == "/close" {
            return stream.shutdown(Shutdown::Both);
        }
    }
}

"""A locustfile beside another: it ends the test once so many names (`ENDS_AFTER_NAMES`) have been asked for."""

import os

import gevent
from locust import events
from locust.runners import WorkerRunner


@events.init.add_listener
def begin(environment, runner, **arguments):
    def end():
        while len(environment.stats.entries) < int(os.environ["ENDS_AFTER_NAMES"]):
            gevent.sleep(0.05)
        runner.quit()

    if not isinstance(runner, WorkerRunner):
        gevent.spawn(end)

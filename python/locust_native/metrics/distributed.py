"""Take the precise figures from workers to their master, in a key of their own beside Locust's."""

from __future__ import annotations

import functools
import logging
import time
from typing import Any

import gevent
import locust.stats as stock
from locust.rpc import Message
from locust.runners import STATE_MISSING, MasterRunner

from . import clocks, generator, workers
from .locust_stats import RequestStats
from .workers import KEY

logger = logging.getLogger("locust_native")

#: How long a master waits for workers to leave, beyond the time their users have to stop (s).
PATIENCE = 5.0

_stock_quit = MasterRunner.quit
_stock_setup = stock.setup_distributed_stats_event_listeners


@functools.wraps(_stock_setup)
def setup_distributed_stats_event_listeners(events: Any, stats: Any) -> None:
    if not isinstance(stats, RequestStats):
        _stock_setup(events, stats)
        return
    record, watched, times = stats._precise, generator.of(events), stats._user_time
    meter, offsets, refused = watched.meter, watched.clocks, set[str]()
    fleet = workers.of(events)
    #: Of the report that is being told, by how many s its seconds are too late.
    shift = 0

    def align(client_id: str, data: dict[str, Any]) -> None:
        nonlocal shift
        shift, ours = 0, data.get(KEY)
        shift = offsets.align(client_id, ours.get("clocks") if isinstance(ours, dict) else None, data)

    def on_report_to_master(client_id: str, data: dict[str, Any]) -> None:
        data[KEY] = {
            "record": record.take_report(),
            "generator": meter.take_report(),
            "users_time": times.take_report(),
            "process": watched.used(),
            "clocks": clocks.read(),
            "worker": workers.report(),
        }

    def on_worker_report(client_id: str, data: dict[str, Any]) -> None:
        ours = data.get(KEY)
        told = isinstance(ours, dict)
        fleet.heard(client_id, told, ours.get("worker") if told else None)
        times.absorb(client_id, ours.get("users_time") if told else None)
        if told:
            watched.absorb(client_id, ours.get("process"))
            try:
                # Each takes all or nothing. The record comes last: once it has counted, nothing may fail any more.
                requests, late = ours["record"], ours["generator"]
                meter.absorb(late, shift)
                record.absorb(client_id, requests, shift)
                return
            except (KeyError, TypeError, ValueError) as error:
                if client_id not in refused:
                    refused.add(client_id)
                    logger.warning("locust-native: %s; its rounded figures are taken instead", error)
        for entry in data["stats"]:
            record.absorb_coarse(
                entry["method"],
                entry["name"],
                entry["response_times"],
                entry["num_failures"],
                entry["num_reqs_per_sec"],
                without_time=entry["num_none_requests"],
                failed_seconds=entry["num_fail_per_sec"],
                exact=(
                    entry["total_response_time"],
                    entry["min_response_time"],
                    entry["max_response_time"],
                ),
            )

    # What Locust's own listener adds up is to be on one clock.
    events.worker_report.add_listener(align)
    _stock_setup(events, stats)
    events.report_to_master.add_listener(on_report_to_master)
    events.worker_report.add_listener(on_worker_report)


@functools.wraps(_stock_quit)
def quit_master(self: Any) -> None:
    """End the test and the workers, and listen until they have left: their last report comes right before that.

    Stock listens for half a second, and loses what users do while they have time to stop.
    """
    self.stop(send_stop_to_client=False)
    for client in self.clients.all:
        self.server.send_to_client(Message("quit", None, client.id))
    end = time.monotonic() + self.environment.stop_timeout + PATIENCE
    while time.monotonic() < end and any(client.state != STATE_MISSING for client in self.clients.all):
        gevent.sleep(0.05)
    _stock_quit(self)

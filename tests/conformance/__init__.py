"""Locust's own test suite, run on stock Locust and with the native core: `make conformance`; no part of the gate."""

"""How the core gets into Locust and out again, and what is said about it."""

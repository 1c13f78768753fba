"""The task loop: the next task, the wait before it, and what users do with their time."""

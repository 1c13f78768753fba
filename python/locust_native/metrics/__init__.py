"""What is counted: Locust's statistics, the record, the generator's own lateness, and both from several workers."""

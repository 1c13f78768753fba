"""What the tests share: servers, processes to run Locust in, what is compared and what it is compared by."""

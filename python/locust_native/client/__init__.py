"""What the sessions share: waiting, attributes made late, text, timings, errors of TLS, the request event."""

"""Whether lips meet, and do not cross, on heads that nobody told us anything about."""

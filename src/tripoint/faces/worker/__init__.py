"""The worker: works on what has arrived and posts what goes out, until it is told to stop."""

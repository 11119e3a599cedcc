"""What `tripoint bench` is made of: the processes it starts, one run, and the report."""

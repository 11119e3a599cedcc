"""A rush of trade: many signed messages prepared from few made-up trades, and a client that sends them over HTTP."""

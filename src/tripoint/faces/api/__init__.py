"""The HTTP API: papers in, receipts out, questions answered; who asks is known by an API key."""

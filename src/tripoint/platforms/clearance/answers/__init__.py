"""What senders are told: a receipt for each paper and each ruling, packed into messages."""

"""Papers that wait for their kin: in memory while there is room, and always in the messages that brought them."""

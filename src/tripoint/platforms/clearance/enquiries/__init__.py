"""What people ask: what became of a list, why, which lists there are, what happened in all."""

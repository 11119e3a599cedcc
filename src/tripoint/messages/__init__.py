"""Wire dialects: bytes to papers and back; only here do wire names live."""

"""The papers of a cross-border purchase: which there are, and which columns each is made of."""

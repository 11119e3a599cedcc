"""Enveloped XML signatures of the customs messages: who signed this paper, and is it still what was signed."""

"""Filings: who takes part in cross-border trade, with which certificates, for whom, and which buyers are verified."""

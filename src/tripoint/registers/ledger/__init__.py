"""The guarantee ledger: double entry, written once, exact to 0.00001 yuan, never below an account's minimum."""

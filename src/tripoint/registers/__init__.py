"""What is kept beside the papers: filings, access, rates, ledger, trace and their like; none imports another."""

"""What is decided: every list whose papers changed is judged, taxed, drawn for, and written down."""

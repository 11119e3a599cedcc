"""Made-up trade to rehearse with: papers as partners would send them, and for each list what must become of it."""

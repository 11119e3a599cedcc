"""The clearance platform: papers come in, are matched, checked, taxed and decided, and every sender is answered."""

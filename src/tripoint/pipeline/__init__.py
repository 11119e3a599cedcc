"""The law at work, pure: papers are judged, matched, taxed and answered, one stage after the other."""

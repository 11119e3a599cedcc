"""What arrives: papers are read from messages, judged by version, and those taken are stored."""

"""The console: pages that show what happened, for the operator of this computer."""

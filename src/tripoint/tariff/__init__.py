"""What goods cost to bring in: exact scalar rules, one module for each tax; pure, and the measure of the columns."""

"""The ways in: HTTP API, console, command line and worker; none knows of its neighbours."""

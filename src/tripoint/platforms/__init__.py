"""Three houses on one street: clearance, public, one-stop; they talk by messages, never by import."""

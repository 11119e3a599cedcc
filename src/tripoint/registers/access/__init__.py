"""Access: who may use the API for which enterprise, and where its answers are posted."""

"""The post office: every message once, every answer kept, both in the order they came."""

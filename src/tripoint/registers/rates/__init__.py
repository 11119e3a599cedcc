"""Tariff rates and the list of goods allowed: the operator's data, dated, sourced, and changed only when confirmed."""

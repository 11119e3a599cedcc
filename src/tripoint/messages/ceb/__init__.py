"""The dialect of the unified cross-border clearance system (海关跨境统一版): CEB messages and their DXP envelope."""

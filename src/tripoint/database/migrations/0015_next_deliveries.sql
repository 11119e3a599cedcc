-- The oldest delivery of each address that is not over is found without the many that wait behind it.

create index webhook_deliveries_next on webhook_deliveries (endpoint_id, delivery_id) where state = 'due';

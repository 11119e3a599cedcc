"""What follows a list: cancellation, return, arrival at the supervised place, the buyer's signature."""

"""What is settled: lists released on papers that came once each, kept in one row, and made live again when something touches them."""

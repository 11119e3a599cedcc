"""The checks that need more than the papers: who is registered, what may come in, what each mode demands."""

"""InvokeEndpoint on an event loop: the one operation that thousands of calls a second are made of."""

"""Any server of the Messages API: who it is, what a call to it comes to, what that costs."""

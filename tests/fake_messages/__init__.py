"""A server of the Messages API on the loopback, to drive the real client against."""

from tests.fake_messages.faults import Fault
from tests.fake_messages.replies import Reply, text, thinking, tool
from tests.fake_messages.server import FakeMessages, scripted

__all__ = ["FakeMessages", "Fault", "Reply", "scripted", "text", "thinking", "tool"]

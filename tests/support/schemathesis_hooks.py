"""A part of a resumable upload is bytes, whatever its media type is called."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

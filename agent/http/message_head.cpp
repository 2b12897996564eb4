// SPDX-License-Identifier: Apache-2.0
#include "http/message_head.h"

namespace elb::http {

void MessageHead::clear_common() {
  headers.clear();
  size = 0;
  fault = Fault::kNone;
  minor_version = 1;
  http2 = false;
  content_length.reset();
  chunked = says_close = says_keep_alive = says_upgrade = connection_names = false;
  upgrade = {};
}

}  // namespace elb::http

// SPDX-License-Identifier: Apache-2.0
#include "dataplane/libbpf_log.h"

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "base/log.h"

namespace elb::dataplane {

namespace {

/// One log line for each line of a message. The verifier's log comes as one message of many.
void write_lines(bool important, const char* library, const char* format, va_list args) {
  va_list copy;
  va_copy(copy, args);
  const int length = vsnprintf(nullptr, 0, format, copy);
  va_end(copy);
  if (length <= 0) return;
  std::string text(static_cast<size_t>(length) + 1, '\0');
  vsnprintf(text.data(), text.size(), format, args);
  text.resize(static_cast<size_t>(length));
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    if (!line.empty()) {
      if (important)
        log::warn("{}: {}", library, line);
      else
        log::debug("{}: {}", library, line);
    }
    begin = end + 1;
  }
}

/// What the kernel adds to an error that the caller may well expect (no filter where one is looked for).
constexpr std::string_view kKernelRemark = "libbpf: Kernel error message";

int from_libbpf(libbpf_print_level level, const char* format, va_list args) {
  const bool important = level == LIBBPF_WARN && !std::string_view(format).starts_with(kKernelRemark);
  write_lines(important, "libbpf", format, args);
  return 0;
}

int from_libxdp(libxdp_print_level level, const char* format, va_list args) {
  write_lines(level == LIBXDP_WARN, "libxdp", format, args);
  return 0;
}

}  // namespace

void log_libbpf_messages() {
  libbpf_set_print(from_libbpf);
  libxdp_set_print(from_libxdp);
}

}  // namespace elb::dataplane

// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry point for the target that ELB_FUZZ_TARGET names.
#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  elb::fuzz::ELB_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}

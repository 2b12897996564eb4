# SPDX-License-Identifier: Apache-2.0
# ELB_SANITIZE=address,undefined | thread: applied to every target of ours through elb_flags.
if(ELB_SANITIZE)
  target_compile_options(elb_flags INTERFACE -fsanitize=${ELB_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(elb_flags INTERFACE -fsanitize=${ELB_SANITIZE})
endif()
# ELB_FUZZ: libFuzzer sees which way a target of ours went; only the fuzz binaries link its main().
if(ELB_FUZZ)
  target_compile_options(elb_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

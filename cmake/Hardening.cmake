# SPDX-License-Identifier: Apache-2.0
# elb_flags: what every target of ours is compiled with. Warnings are errors; hardening costs nothing measurable here.
add_library(elb_flags INTERFACE)
target_compile_options(elb_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
  -fstack-protector-strong -fstack-clash-protection)
target_link_options(elb_flags INTERFACE -Wl,-z,relro,-z,now)
target_compile_definitions(elb_flags INTERFACE _GLIBCXX_ASSERTIONS
  $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)

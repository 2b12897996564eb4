# SPDX-License-Identifier: Apache-2.0
# elb_test(NAME SUITE unit|bpf [DEPENDS module...] [PRIVATE library...] [SOURCES file...])
#
# One GoogleTest binary build/bin/tests/SUITE/NAME out of every *_test.cpp in the current directory (or SOURCES). tests/run
# executes everything that lies under build/bin/tests/SUITE, so a new binary needs no further registration.
find_package(GTest REQUIRED)
function(elb_test name)
  cmake_parse_arguments(ARG "" "SUITE" "DEPENDS;PRIVATE;SOURCES" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE elb_flags GTest::gtest GTest::gmock GTest::gtest_main ${ARG_PRIVATE})
  foreach(dep ${ARG_DEPENDS})
    target_link_libraries(${name} PRIVATE elb_${dep})
  endforeach()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests/${ARG_SUITE})
  add_test(NAME ${ARG_SUITE}.${name} COMMAND ${name})
endfunction()

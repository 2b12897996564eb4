# SPDX-License-Identifier: Apache-2.0
# elb_module(NAME [APART] [DEPENDS module...] [PRIVATE library...])
#
# One room of the agent: a static library elb_NAME made of every .cpp in the current directory. DEPENDS are the allowed edges
# and are linked PUBLIC; PRIVATE are third-party libraries that no header of the module shows.
# CONFIGURE_DEPENDS keeps the list of files true without a list to edit.
# APART: its sources are never compiled several in one piece, as the quick start does; tests/check/check-names looks after the others.
function(elb_module name)
  cmake_parse_arguments(ARG "APART" "" "DEPENDS;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(scope PUBLIC)
  if(sources)
    add_library(elb_${name} STATIC ${sources})
    target_link_libraries(elb_${name} PRIVATE ${ARG_PRIVATE})
    if(ARG_APART)
      set_target_properties(elb_${name} PROPERTIES UNITY_BUILD OFF)
    endif()
  else() # a room of headers only
    add_library(elb_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(elb_${name} ${scope} ${CMAKE_SOURCE_DIR}/agent ${CMAKE_SOURCE_DIR}/bpf/include)
  target_link_libraries(elb_${name} ${scope} elb_flags)
  foreach(dep ${ARG_DEPENDS})
    target_link_libraries(elb_${name} ${scope} elb_${dep})
  endforeach()
endfunction()

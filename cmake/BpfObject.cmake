# SPDX-License-Identifier: Apache-2.0
# bpf_object(NAME SOURCE file.bpf.c [DEFINES X=1 ...])
#
# Compiles one BPF program with clang (depfile, so that a changed header rebuilds it) and generates its libbpf skeleton
# NAME.skel.h. Link the interface library bpf_NAME to use the skeleton; the object itself is build/bpf/NAME.bpf.o.
find_program(CLANG clang REQUIRED)
find_program(BPFTOOL bpftool PATHS /usr/sbin REQUIRED)
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-multiarch OUTPUT_VARIABLE ELB_MULTIARCH OUTPUT_STRIP_TRAILING_WHITESPACE)
function(bpf_object name)
  cmake_parse_arguments(ARG "" "SOURCE" "DEFINES" ${ARGN})
  get_filename_component(source ${ARG_SOURCE} ABSOLUTE)
  set(out ${CMAKE_BINARY_DIR}/bpf)
  file(MAKE_DIRECTORY ${out})
  list(TRANSFORM ARG_DEFINES PREPEND -D)
  add_custom_command(
    OUTPUT ${out}/${name}.bpf.o
    COMMAND ${CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Wno-unused-parameter -Wno-address-of-packed-member
            -I${CMAKE_SOURCE_DIR}/bpf/include -I${CMAKE_SOURCE_DIR}/bpf -I/usr/include/${ELB_MULTIARCH} ${ARG_DEFINES}
            -MD -MF ${out}/${name}.d -MT ${out}/${name}.bpf.o -c ${source} -o ${out}/${name}.bpf.o
    DEPENDS ${source}
    DEPFILE ${out}/${name}.d
    COMMENT "BPF ${name}" VERBATIM)
  add_custom_command(
    OUTPUT ${out}/${name}.skel.h
    COMMAND ${BPFTOOL} gen skeleton ${out}/${name}.bpf.o name ${name} > ${out}/${name}.skel.h
    DEPENDS ${out}/${name}.bpf.o VERBATIM)
  add_custom_target(bpf_${name}_files DEPENDS ${out}/${name}.bpf.o ${out}/${name}.skel.h)
  add_library(bpf_${name} INTERFACE)
  add_dependencies(bpf_${name} bpf_${name}_files)
  target_include_directories(bpf_${name} SYSTEM INTERFACE ${out})
endfunction()

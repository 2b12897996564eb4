// SPDX-License-Identifier: Apache-2.0
#include "toa/command.h"

int main(int argc, char** argv) { return elb::toa::run(argc, argv); }

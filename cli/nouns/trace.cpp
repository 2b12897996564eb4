// SPDX-License-Identifier: Apache-2.0
// elbctl trace
#include <fmt/core.h>

#include "cli/args.h"
#include "cli/context.h"
#include "cli/member_spec.h"
#include "cli/nouns/all.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

Done add_endpoint(const Args& args, const std::string& name, const std::string& key, Query& query) {
  const std::string text = args.text(name);
  const auto endpoint = parse_member_address(text);
  if (!endpoint) return usage_error(fmt::format("{} '{}' is not ADDRESS:PORT", name, harmless(text)));
  query.emplace_back(key, endpoint->address.to_string());
  query.emplace_back(key + "_port", std::to_string(endpoint->port));
  return {};
}

std::string outcome(const Value& trace) {
  const std::string verdict = trace.get("verdict").text();
  const std::string name = harmless(trace.get("member_name").text());
  if (verdict == "forward")
    return fmt::format("forwarded to member {}{}{}", harmless(trace.get("member").text()),
                       name.empty() ? "" : " (" + name + ")",
                       trace.get("existing").as_bool() ? ", as all packets of this connection" : "");
  return fmt::format("{}: {}: {}", verdict == "pass" ? "left to the node's own stack" : "dropped",
                     harmless(trace.get("reason").text()), harmless(trace.get("description").text()));
}

void print_for_people(Context& context, const Value& trace) {
  const size_t width = context.env.width > 40 ? context.env.width : 100;
  const Value steps = trace.get("steps");
  size_t longest = 0;
  for (size_t i = 0; i < steps.size(); ++i) longest = std::max(longest, display_width(steps.at(i).get("step").text()));
  context.out() << fmt::format("{} {} -> {}\n", harmless(trace.get("protocol").text()),
                               harmless(trace.get("client").text()), harmless(trace.get("vip").text()));
  for (size_t i = 0; i < steps.size(); ++i) {
    const Value step = steps.at(i);
    std::string margin = fmt::format("{:>3}. {}  ", i + 1, padded(harmless(step.get("step").text()), longest));
    const size_t indent = display_width(margin);
    for (const std::string& line : wrapped(harmless(step.get("seen").text()), width - indent)) {
      context.out() << margin << line << "\n";
      margin = std::string(indent, ' ');
    }
  }
  context.out() << outcome(trace) << "\n";
}

Done run(Context& context, const Command&, const Args& args) {
  Query query;
  std::string protocol = args.text("PROTOCOL");
  for (char& c : protocol) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (protocol != "TCP" && protocol != "UDP")
    return usage_error(fmt::format("'{}' is no protocol: tcp or udp", harmless(args.text("PROTOCOL"))));
  query.emplace_back("protocol", protocol);
  if (const Done done = add_endpoint(args, "CLIENT:PORT", "client", query); !done) return done;
  if (const Done done = add_endpoint(args, "VIP:PORT", "vip", query); !done) return done;
  const auto trace = context.api.get("/v1/trace", query);
  if (!trace) return pass_on(trace.error());
  if (context.format == Format::kTable || context.format == Format::kWide) {
    print_for_people(context, *trace);
  } else if (context.format == Format::kJson) {
    context.out() << trace->dump(2) << "\n";
  } else if (context.format == Format::kYaml) {
    context.out() << trace->to_yaml();
  } else {
    context.out() << render_list(context.format, {{"STEP", "step"}, {"STOP", "stop"}, {"SEEN", "seen"}}, [&] {
      std::vector<Value> list;
      const Value steps = trace->get("steps");
      for (size_t i = 0; i < steps.size(); ++i) list.push_back(Value(steps.at(i)).set("name", steps.at(i).get("step")));
      return list;
    }());
  }
  if (args.has("check") && trace->get("verdict").text() != "forward")
    return give_up(Exit::kError, "the packet would not be forwarded");
  return {};
}

}  // namespace

Noun trace_noun() {
  return {.name = "trace",
          .summary = "say what would happen to a packet, step by step",
          .commands = {
              {.verb = "",
               .summary = "say what would happen to a packet, step by step",
               .description =
                   "What the first packet of a connection from CLIENT:PORT to VIP:PORT would meet now, read from the "
                   "kernel's tables without changing anything: a known connection, listener, whitelist, stickiness, "
                   "algorithm, member, next hop and local addresses, or the reason why it would be refused.",
               .positionals = {{"PROTOCOL", "tcp or udp"},
                               {"CLIENT:PORT", "source of the packet"},
                               {"VIP:PORT", "destination of the packet"}},
               .options = {{"--check", "", "exit status 1 unless the packet would be forwarded", Kind::kFlag}},
               .examples = {{"", "elbctl trace tcp 192.0.2.7:40000 10.0.0.100:80"},
                            {"which member is next, for a script",
                             "elbctl trace udp 192.0.2.7:5353 10.0.0.100:53 -o json | jq -r .member"}},
               .run = run}}};
}

}  // namespace elb::cli

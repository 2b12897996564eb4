// SPDX-License-Identifier: Apache-2.0
// elbctl doctor
#include <fmt/core.h>

#include <algorithm>

#include "cli/args.h"
#include "cli/context.h"
#include "cli/nouns/all.h"
#include "cli/text.h"
#include "cli/tree.h"
#include "inspect/kernel.h"
#include "inspect/links.h"

namespace elb::cli {
namespace {

using codec::Value;

Value finding_value(const model::Finding& finding) {
  Value out = Value::object();
  out.set("severity", std::string(to_string(finding.severity))).set("check", finding.check);
  out.set("subject", finding.subject).set("seen", finding.seen).set("remedy", finding.remedy);
  return out;
}

/// The same document without an agent: what can be seen from here.
Value local_document(Context& context, const Args& args, const Failure& failure) {
  model::Findings findings = {{model::Severity::kError, "agent.answers", "agent", failure.message,
                               "systemctl status elb-agent; journalctl -u elb-agent -n 50"}};
  context.say("the agent does not answer: only kernel and links of this machine are looked at; forwarding goes on");
  for (auto& finding : inspect::judge_kernel(inspect::read_kernel())) findings.push_back(std::move(finding));
  for (auto& finding : inspect::look_at_links(args.all("interface"))) findings.push_back(std::move(finding));
  Value list = Value::array();
  int64_t counts[3] = {};
  for (const model::Finding& finding : findings) {
    ++counts[static_cast<size_t>(finding.severity)];
    list.push(finding_value(finding));
  }
  Value document = Value::object();
  document.set("errors", counts[2]).set("warnings", counts[1]).set("ok", counts[0]).set("findings", std::move(list));
  return document;
}

std::vector<Value> elements(const Value& list) {
  std::vector<Value> out;
  for (size_t i = 0; i < list.size(); ++i) out.push_back(list.at(i));
  return out;
}

/// Errors first; within a severity as the agent ordered them.
std::vector<Value> sorted_findings(const Value& document, bool all) {
  std::vector<Value> findings = elements(document.get("findings"));
  const auto rank = [](const Value& finding) {
    const std::string severity = finding.get("severity").text();
    return severity == "error" ? 0 : severity == "warning" ? 1 : 2;
  };
  if (!all) std::erase_if(findings, [&](const Value& finding) { return rank(finding) == 2; });
  std::stable_sort(findings.begin(), findings.end(), [&](const Value& a, const Value& b) { return rank(a) < rank(b); });
  return findings;
}

std::string coloured(const std::string& severity, bool colour) {
  const std::string text = padded(severity, 7);
  if (!colour) return text;
  const char* code = severity == "error" ? "31" : severity == "warning" ? "33" : "32";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

void print_for_people(Context& context, const Value& document, const std::vector<Value>& findings) {
  constexpr size_t kIndent = 9;
  const size_t width = context.env.width > 40 ? context.env.width : 100;
  for (const Value& finding : findings) {
    const std::string text =
        fmt::format("{}: {}", harmless(finding.get("subject").text()), harmless(finding.get("seen").text()));
    std::string margin = coloured(finding.get("severity").text(), context.colour) + "  ";
    for (const std::string& line : wrapped(text, width - kIndent)) {
      context.out() << margin << line << "\n";
      margin = std::string(kIndent, ' ');
    }
    const std::string remedy = harmless(finding.get("remedy").text());
    if (!remedy.empty()) context.out() << std::string(kIndent, ' ') << "$ " << remedy << "\n";
  }
  if (!findings.empty()) context.out() << "\n";
  context.out() << fmt::format("{} errors, {} warnings, {} checks found nothing wrong\n", document.get("errors").text(),
                               document.get("warnings").text(), document.get("ok").text());
  const std::vector<Value> checklist = elements(document.get("checklist"));
  if (checklist.empty()) return;
  context.out() << "\nIf a service cannot be reached nevertheless, ask in this order:\n";
  for (size_t i = 0; i < checklist.size(); ++i) {
    std::string margin = fmt::format("{:>3}. ", i + 1);
    for (const std::string& line : wrapped(harmless(checklist[i].get("question").text()), width - 5)) {
      context.out() << margin << line << "\n";
      margin = "     ";
    }
    context.out() << "     $ " << harmless(checklist[i].get("command").text()) << "\n";
  }
}

void print(Context& context, const Value& document, bool all) {
  static const std::vector<Column> kColumns = {
      {"SEVERITY", "severity"}, {"CHECK", "check"}, {"SUBJECT", "subject"}, {"SEEN", "seen"}, {"REMEDY", "remedy"}};
  switch (context.format) {
    case Format::kJson:
      context.out() << document.dump(2) << "\n";
      return;
    case Format::kYaml:
      context.out() << document.to_yaml();
      return;
    case Format::kTable:
    case Format::kWide:
      print_for_people(context, document, sorted_findings(document, all || context.format == Format::kWide));
      return;
    case Format::kName:
    case Format::kId:
      for (const Value& finding : sorted_findings(document, all))
        context.out() << harmless(finding.get("check").text()) << "\n";
      return;
    case Format::kCsv:
      context.out() << render_list(context.format, kColumns, sorted_findings(document, all));
      return;
  }
}

Done run(Context& context, const Command&, const Args& args) {
  auto document = context.api.get("/v1/doctor");
  if (!document) {
    if (document.error().http_status != 0) return pass_on(document.error());
    print(context, local_document(context, args, document.error()), args.has("all"));
    return pass_on(document.error());
  }
  print(context, *document, args.has("all"));
  if (const int64_t errors = document->get("errors").as_int(); errors > 0)
    return give_up(Exit::kError, fmt::format("{} error{} found", errors, errors == 1 ? "" : "s"));
  return {};
}

}  // namespace

Noun doctor_noun() {
  return {.name = "doctor",
          .summary = "look for what is wrong with this node, and say what to do about it",
          .commands = {{.verb = "",
                        .summary = "look for what is wrong with this node, and say what to do about it",
                        .description =
                            "Packet programs on the interfaces, offloads, queues, neighbours and next hops of members, "
                            "addresses that the node has as well, how full tables and local ports are (a warning "
                            "from 50 % on), kernel, capabilities, the agent's own work, health of pools and zones. "
                            "Each finding comes with a command to type. Exit status 0 only without an error. When "
                            "the agent does not answer, kernel and links are looked at from here.",
                        .options = {{"--all,-a", "", "also what was found to be well", Kind::kFlag},
                                    {.names = "--interface",
                                     .placeholder = "NAME",
                                     .help = "a link to look at when the agent does not answer",
                                     .repeated = true}},
                        .examples = {{"", "elbctl doctor"},
                                     {"everything that was looked at, for a report", "elbctl doctor --all -o json"},
                                     {"what is wrong, a line each", "elbctl doctor -o csv"}},
                        .run = run}}};
}

}  // namespace elb::cli

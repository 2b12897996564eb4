// SPDX-License-Identifier: Apache-2.0
#include "unit/flow_table/ready_script.h"

#include "unit/flow_table/table.h"

namespace elb::test {
namespace {

constexpr uint32_t kNow = 1000;
constexpr uint32_t kFirstClient = 1;

class Script final : public PauseHook {
 public:
  Script() : table_(64), key_(reply_key(0, 7)), home_(table_.home(key_)) {}

  ReadyOutcome play() {
    first_ = claim(kFirstClient);
    ok_ = ok_ && link(first_);
    elb_flow_ref found{};
    {
      const ScopedHook hook(*this);
      outcome_.accepted = elb_flow_find(&table_.view, &key_, home_, ELB_USABLE, &found) && found.slot == loser_.slot;
    }
    if (outcome_.accepted) {
      const Fields fields = copy(*found.flow);
      uint32_t noted = 0;
      outcome_.valid = elb_flow_refresh(&table_.view, found.flow, found.ctl, kNow, &noted);
      outcome_.wrong_client = fields.dest - kClientBase;
    }
    // The loser finds out, as it must; nothing of it remains.
    elb_flow_ref taken{};
    ok_ = ok_ && elb_flow_link(&table_.view, &key_, home_, loser_.bit, ELB_TAKEN, &taken) == ELB_LINK_TAKEN;
    elb_flow_release(loser_.flow, loser_.ctl);
    ok_ = ok_ && elb_flow_find(&table_.view, &key_, home_, ELB_USABLE, &found);
    if (ok_) outcome_.later_client = found.flow->new_dest - kClientBase;
    outcome_.played = ok_ && step_ == 1;
    return outcome_;
  }

  /// The search has loaded the home word, which names the first connection's slot. While it is stopped ...
  void at(std::string_view point) override {
    if (point != "FIND_WORD" || step_++ != 0) return;
    pause_hook = nullptr;
    // ... that connection ends and its port rests and is given back,
    elb_flow_unlink(&table_.view, home_, first_.bit);
    elb_flow_release(first_.flow, first_.ctl);
    // two CPUs draw the same port: one is given the slot that became free, the other the next one,
    loser_ = claim(kReadyLoser);
    elb_flow_ref owner = claim(kReadyOwner);
    ok_ = ok_ && loser_.slot == first_.slot && owner.slot != loser_.slot;
    // and the other is faster. The first is READY under this very key, and not linked.
    ok_ = ok_ && link(owner);
    pause_hook = this;
  }

 private:
  elb_flow_ref claim(uint32_t client) {
    elb_flow_ref ref{};
    ok_ = ok_ && elb_flow_claim(&table_.view, home_, ELB_FLOW_REVERSE, &ref);
    if (!ok_) return ref;
    // `peer` names some slot; the script has no forward entries, so a refresh that asks one finds it not DEAD
    fill(*ref.flow, key_, reverse_fields(client, 0, (home_ + 40) & table_.view.mask), kNow);
    elb_flow_ready(&ref);
    return ref;
  }

  bool link(elb_flow_ref& ref) {
    elb_flow_ref taken{};
    if (elb_flow_link(&table_.view, &key_, home_, ref.bit, ELB_TAKEN, &taken) != ELB_LINKED) return false;
    elb_flow_live(ref.flow);
    return true;
  }

  Table table_;
  const elb_flow_key key_;
  const uint32_t home_;
  elb_flow_ref first_{};
  elb_flow_ref loser_{};
  int step_ = 0;
  bool ok_ = true;
  ReadyOutcome outcome_;
};

}  // namespace

ReadyOutcome play_ready_script() { return Script().play(); }

}  // namespace elb::test

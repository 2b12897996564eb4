// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "TOA: " fmt
#include "slot.h"

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#ifndef CONFIG_X86_64
#error "TOA: the tables of this architecture are in pages that toa cannot find: use the BPF program"
#endif

#define TOA_SYMBOL_MAX 128

/* "symbol [module]", as %ps writes it: is it this function, of the kernel or of the module ipv6? */
static bool toa_is_function(const char *symbol, const char *function)
{
	size_t length = strlen(function);
	const char *module = strchr(symbol, '[');

	if (strncmp(symbol, function, length))
		return false;
	/* compilers put a dot behind the names of functions that they changed */
	if (symbol[length] && symbol[length] != ' ' && symbol[length] != '.')
		return false;
	return !module || !strncmp(module, "[ipv6]", 6);
}

int toa_slot_find(struct toa_slot *slot, const void *place)
{
	unsigned long address = (unsigned long)place;
	char symbol[TOA_SYMBOL_MAX];

	if (address < __START_KERNEL_map || address >= MODULES_END) {
		pr_err("%s is in a table that is not the kernel's\n", slot->name);
		return -EFAULT;
	}
	slot->place = (union toa_function *)address;
	slot->was.pointer = READ_ONCE(slot->place->pointer);
	snprintf(symbol, sizeof(symbol), "%ps", slot->was.pointer);
	if (!toa_is_function(symbol, slot->function)) {
		pr_err("%s is taken by %s\n", slot->name, symbol);
		slot->place = NULL;
		return -EBUSY;
	}
	return 0;
}

static struct page *toa_page_of(const void *place)
{
	if ((unsigned long)place >= MODULES_VADDR)
		return vmalloc_to_page(place);
	return pfn_to_page(__pa_symbol(place) >> PAGE_SHIFT);
}

static int toa_slot_write(struct toa_slot *slot, void *from, void *to)
{
	struct page *page = toa_page_of(slot->place);
	union toa_function *alias;
	int error = -EIO;
	char *map;

	map = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	if (!map)
		return -ENOMEM;
	alias = (union toa_function *)(map + offset_in_page(slot->place));
	/* if it does not show what the place has, it is a map of something else */
	if (READ_ONCE(alias->pointer) == from) {
		WRITE_ONCE(alias->pointer, to);
		if (READ_ONCE(slot->place->pointer) == to)
			error = 0;
	}
	vunmap(map);
	return error;
}

int toa_slot_swap(struct toa_slot *slot)
{
	int error = toa_slot_write(slot, slot->was.pointer, slot->ours.pointer);

	if (error)
		pr_err("%s cannot be changed: error %d\n", slot->name, error);
	return error;
}

int toa_slot_restore(struct toa_slot *slot)
{
	void *now = READ_ONCE(slot->place->pointer);

	if (now == slot->was.pointer)
		return 0;
	if (now != slot->ours.pointer) {
		pr_err_ratelimited("%s is now %ps: waiting until that is gone\n", slot->name, now);
		return -EBUSY;
	}
	return toa_slot_write(slot, slot->ours.pointer, slot->was.pointer);
}

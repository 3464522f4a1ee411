// A kernel for U-Boot's booti (Linux, Documentation/arm64/booting.rst) on QEMU's board "virt". Prints its label and
// bootargs, then does what its last letter says: H hangs, R resets the board as a kernel panic with panic=N does.
	.set	UART, 0x09000000		// PL011 (QEMU, hw/arm/virt.c)
	.set	PSCI_SYSTEM_RESET, 0x84000009
	.set	FDT_SIZE, 4			// offset in the header of a device tree

	.text
start:	b	main
	.long	0
	.quad	0				// text offset
	.quad	end - start			// image size
	.quad	0xa				// little-endian, 4K pages, anywhere in memory
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

main:	mov	x20, x0				// device tree
	ldr	x19, =UART
	adr	x0, prefix
	bl	print
	adr	x0, label
	bl	print
	adr	x0, infix
	bl	print
	ldr	w1, [x20, #FDT_SIZE]
	rev	w1, w1
	add	x1, x20, x1
	mov	x0, x20
find:	ldr	x2, [x0]			// the only text of the tree that begins so is bootargs
	ldr	x3, word
	cmp	x2, x3
	b.eq	found
	add	x0, x0, #4
	cmp	x0, x1
	b.lo	find
	adr	x0, none
found:	bl	print
	adr	x0, newline
	bl	print
	adr	x0, mode
	ldrb	w0, [x0]
	cmp	w0, #'R'
	b.ne	hang
	ldr	w0, =PSCI_SYSTEM_RESET
	hvc	#0
hang:	wfi
	b	hang

print:	ldrb	w1, [x0], #1
	cbz	w1, 1f
	strb	w1, [x19]
	b	print
1:	ret

	.balign	8
word:	.ascii	"console="
prefix:	.asciz	"\r\npayload: "
infix:	.asciz	" booted with "
none:	.asciz	"no bootargs"
newline:.asciz	"\r\n"
	.ascii	"LABEL>"
label:	.space	15
mode:	.ascii	"H"
	.balign	8
	.ltorg
end:
